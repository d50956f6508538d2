"""Make the configuration of a network's clients: profiles, certificates, MSP folders, environments."""
