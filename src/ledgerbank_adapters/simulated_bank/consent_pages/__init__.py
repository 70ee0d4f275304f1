"""The pages on which a customer of the simulated bank consents."""
