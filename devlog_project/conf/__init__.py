"""The settings that come from the environment, by group and with their meaning: docs/settings.md is made of these."""
