"""Publishing: links, the students' course, the site."""
