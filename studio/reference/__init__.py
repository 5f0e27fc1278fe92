"""The embedded Studio: the service of the contract, correct by default, with defects on request."""
