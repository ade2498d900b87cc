"""An evidence knowledge graph of ketamine for chronic pain, with semantic query."""

__version__ = "0.1.0"
__all__ = ["__version__"]
