"""What is made once and then stored: the features of notebook 06, the README's picture."""
