"""What /metrics tells Prometheus: of the database what holds for all processes, of this process its requests."""
