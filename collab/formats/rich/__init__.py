"""Documents of paragraphs: odt, fodt and docx as one model, saved by splices."""
