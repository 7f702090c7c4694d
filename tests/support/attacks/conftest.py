"""No attack is a test: pytest must import none of them."""

collect_ignore_glob = ["*"]
