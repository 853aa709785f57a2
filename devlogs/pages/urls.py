"""The pages for people."""

from devlogs.pages import account, entry, home, login, stack

app_name = "pages"
urlpatterns = [*home.urls, *entry.urls, *stack.urls, *account.urls, *login.urls]
