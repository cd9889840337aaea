"""The fourth door, outwards: other systems are told of submissions, by what the outbox of deliveries holds."""
