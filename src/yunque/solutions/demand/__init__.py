"""What to buy, how much, when and why: from sales and stock to a purchase plan (R2)."""
