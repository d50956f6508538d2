"""Hold a layout: frozen values with every name, address and port filled in."""
