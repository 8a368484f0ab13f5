"""Embedded servers, child programs, ports and keys: tested on real ones, each in a directory of its own."""
