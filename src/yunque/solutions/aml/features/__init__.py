"""What a model may look at: forty numbers per operation that only the past can have told."""
