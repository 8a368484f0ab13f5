from django.urls import path

from integrationhub.sync.views import receive_webhook

urlpatterns = [path("<slug:webhook_path>/", receive_webhook, name="webhook")]
