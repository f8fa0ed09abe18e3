"""What labeling costs: prices, and estimates made of them."""
