"""The door for the people of the business."""
