"""Attempts of attackers and the guarantees against them: docs/security.md names each of these tests."""
