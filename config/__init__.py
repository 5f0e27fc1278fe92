"""What can be set: options, profiles and the default targets."""
