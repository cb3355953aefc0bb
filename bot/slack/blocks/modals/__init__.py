"""Builds the forms, one module each, and reads the values that people submit in them.

A form is a modal (a dialog in Slack). A block's `block_id` and its element's `action_id` are the same word;
`private_metadata` is JSON with the incident's ID.
"""
