"""Print HTML with scripts, and raise it.

says: ValueError
"""

print("<script>alert(1)</script><img src=x onerror=alert(1)>")
raise ValueError("</pre><script>alert(2)</script>")
