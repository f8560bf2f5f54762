"""Invented families and agencies, and the embedded servers they run on."""
