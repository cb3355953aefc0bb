"""What an attacker would try, and what must hold: docs/security.md names each of these tests."""
