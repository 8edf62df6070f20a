"""What `plan` does: what an app makes and changes, who may do what, and what that costs."""
