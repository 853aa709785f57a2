"""Make the roles: groups that a superuser puts people in. A group of the same name that is there stays as it is."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

# Viewers see everything but what others keep private, and tokens; they change nothing.
SEEN = {
    "devlogs": ["devlog"],
    "tagging": [
        *("job", "attempt", "tag", "term", "providerstate", "spending", "authorspending", "worker", "queuepause"),
    ],
    "auth": ["user", "group"],
    "admin": ["logentry"],
}
VIEW = [(app, f"view_{model}") for app, models in SEEN.items() for model in models]
# Operators retry, cancel, tag again, pause and resume.
OPERATE = [("tagging", "operate_queue")]
# Editors decide on names: tags, and the terms of the house.
VOCABULARY = [("tagging", f"{verb}_{model}") for verb in ("add", "change", "delete") for model in ("tag", "term")]
ROLES = {"viewer": VIEW, "operator": VIEW + OPERATE, "editor": VIEW + VOCABULARY}


def make_roles(apps, schema_editor):
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for app in SEEN:  # Django makes permissions after all migrations only
        config = apps.get_app_config(app)
        before, config.models_module = getattr(config, "models_module", None), True  # else it would make none
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = before
    for name, wanted in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            found = [Permission.objects.get(content_type__app_label=app, codename=codename) for app, codename in wanted]
            group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("devlogs", "0005_search"),
        ("tagging", "0014_queue_pause"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
