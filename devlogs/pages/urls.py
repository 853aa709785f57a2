"""The pages for people."""

from devlogs.pages import account, entry, home, login, removal, stack, tokens

app_name = "pages"
urlpatterns = [
    *home.urls,
    *entry.urls,
    *stack.urls,
    *account.urls,
    *tokens.urls,
    *removal.urls,
    *login.urls,
]
