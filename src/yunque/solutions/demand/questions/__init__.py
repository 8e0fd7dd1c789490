"""What buyers ask of a purchase plan, and how it is answered from the plan and the history."""
