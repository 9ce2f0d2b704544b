"""Every door to the street."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("kept.api.urls")),
    path("", include("kept.public.urls")),
    path("", include("kept.console.urls")),
]

handler400 = "kept.web.views.bad_request"
handler403 = "kept.web.views.forbidden"
handler404 = "kept.web.views.not_found"
handler500 = "kept.web.views.broken"
