"""Forms and explorers as they are stored: the page that a script puts into a frame."""

import re


def page_of(html):
    """The page inside the frame of an output."""
    return re.search(r'<script type="text/plain">(.*?)</script>', html, re.DOTALL)[1].replace(r"<\/", "</")
