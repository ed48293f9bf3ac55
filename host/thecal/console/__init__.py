"""The console, ``thecal console``: a page in the browser, served from this computer to this computer alone.

session: the one owner of the link to the pump. seen: what is known of the pump, as a value. control: which window may
act. desk: what lies open beside the pump, shared by all windows. acts: what a person can do. views: values in, a page
out. server: the page library, and who is let in. There is no rule of therapy in here: every limit, date and word is the
library's, which the command line uses as well.
"""
