"""The channel of a client's next order (R5): who buys by the app, by telephone, or through the salesman."""
