"""Sphinx's settings for the course's site. `tools.publish.site` runs it."""

from __future__ import annotations

from coursekit import __version__

project = "Video analysis with deep learning"
release = __version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.githubpages",
    "tools.publish.site_pages",
]
highlight_language = "none"  # for what does not say; a notebook's cells say
nitpicky = True
# Names of other packages: their pages cannot be asked while we build. Ours must lead somewhere.
nitpick_ignore_regex = [
    ("py:.*", r"(?!coursekit\.).*"),
    ("py:.*", r"coursekit\.(?:\w+\.)*_\w+.*"),
    (
        "py:class",
        r"coursekit\.(?:layout\.Array|encoders\.Item|widgets\.Range)",
    ),  # no classes
]

# The notebooks are recorded: what they print is in them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, str] = {}  # they hold no widget's state, so no page asks for a widget manager
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
toc_object_entries_show_parents = "hide"

templates_path = ["templates"]
html_theme = "sphinx_book_theme"
html_title = project
html_logo = "static/logo.svg"
html_favicon = "static/logo.svg"
html_static_path = ["static"]
html_css_files = ["icons.css", "course.css"]
html_js_files = [("course.js", {"defer": "defer"})]
html_additional_pages = {"404": "404.html"}
html_copy_source = True
html_show_sphinx = False
html_domain_indices = False  # genindex has the modules, too
html_context = {"default_mode": "auto"}
html_math_renderer = "mathml"

html_theme_options = {
    "repository_url": "",  # these two are given by build_site
    "repository_branch": "",
    "path_to_docs": "",
    "use_repository_button": True,
    "use_download_button": True,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "logo": {"text": project, "alt_text": ""},
    "navbar_persistent": [],  # the search button is in the sidebar and above the text
    "footer_content_items": ["licences.html"],
}
