from django.apps import AppConfig


class MappingsConfig(AppConfig):
    name = "mappings_app"
    verbose_name = "Mappings"
