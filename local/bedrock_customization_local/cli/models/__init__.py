"""What `inspect-model` needs: model folders wherever they lie, and findings in words."""
