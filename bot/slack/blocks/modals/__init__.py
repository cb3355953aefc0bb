"""The forms, one module each: the modal that a person sees, and the reader of the values that they submit.

A block's `block_id` and its element's `action_id` are the same word; `private_metadata` is JSON with the incident's ID.
"""
