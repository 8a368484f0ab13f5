"""Connections and links on screen: setting them up, testing them, switching them off and on."""
