"""Every door to the street."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("kept.api.urls")),
    path("", include("kept.public.urls")),
    path("", include("kept.console.urls")),
]
