"""How far consumer groups are behind, by what the brokers say: a look, a window of looks, and what they tell."""
