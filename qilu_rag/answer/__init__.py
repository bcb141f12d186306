"""From passages to a draft: choose the evidence, have the model write, check, cite."""
