"""qilu_rag: a knowledge base of Shandong (齐鲁) culture that people can talk to."""

__version__ = "0.1.0"
