"""What is kept between files: every tenant's operations, and who did what; never changed or removed."""
