"""The addresses of the console."""

from django.urls import path

from kept.console.views import (
    appointment,
    booking,
    clock,
    duties,
    messages,
    reputation,
    setup,
    sign_in,
    today,
    webhooks,
)

app_name = "console"

WEBHOOK = "console/set-up/webhooks/<uuid:endpoint_id>"

urlpatterns = [
    path("sign-in/<str:secret>", sign_in.by_link, name="by_link"),
    path("console/sign-in", sign_in.sign_in, name="sign_in"),
    path("console/sign-out", sign_in.sign_out, name="sign_out"),
    path("console/account/", sign_in.account, name="account"),
    path("console/business/", sign_in.business, name="business"),
    path("console/", today.today, name="today"),
    path("console/arrivals/", today.arrivals, name="arrivals"),
    path("console/no-outcome/", today.without_outcome, name="without_outcome"),
    path("console/missed/", today.missed, name="missed"),
    path("console/search", today.search, name="search"),
    path("console/appointments/<uuid:appointment_id>/", appointment.detail, name="appointment"),
    path("console/appointments/<uuid:appointment_id>/move/", appointment.move, name="move"),
    path(
        "console/appointments/<uuid:appointment_id>/insider/",
        reputation.insider,
        name="insider",
    ),
    path(
        "console/appointments/<uuid:appointment_id>/said/",
        appointment.said_after,
        name="said_after",
    ),
    path("console/appointments/<uuid:appointment_id>/<slug:name>/", appointment.act, name="act"),
    path("console/book/", booking.book, name="book"),
    path("console/walk-in/", booking.walk_in, name="walk_in"),
    path("console/escalations/", duties.escalations, name="escalations"),
    path("console/escalations/<uuid:escalation_id>/resolve/", duties.resolve, name="resolve"),
    path("console/lateness/", duties.late, name="lateness"),
    path("console/hand-offs/", duties.hand_offs, name="hand_offs"),
    path("console/hand-offs/<uuid:hand_off_id>/accept/", duties.accept, name="accept"),
    path("console/hand-offs/<uuid:hand_off_id>/reject/", duties.reject, name="reject"),
    path("console/messages/", messages.messages, name="messages"),
    path("console/messages/<uuid:message_id>/", messages.message, name="message"),
    path("console/messages/<uuid:message_id>/html", messages.message_html, name="message_html"),
    path(
        "console/messages/<uuid:message_id>/invite.ics",
        messages.message_calendar,
        name="message_calendar",
    ),
    path("console/reviews/", reputation.overview, name="reputation"),
    path("console/reviews/new/", reputation.new_review, name="new_review"),
    path("console/reviews/<uuid:review_id>/mistake/", reputation.mistake, name="review_mistake"),
    path("console/inbox/", messages.inbox, name="inbox"),
    path("console/clock/", clock.jump, name="clock"),
    path("console/set-up/", setup.index, name="setup"),
    path("console/set-up/business/", setup.business, name="setup_business"),
    path("console/set-up/services/", setup.services, name="services"),
    path("console/set-up/services/new/", setup.new_service, name="new_service"),
    path("console/set-up/services/<uuid:service_id>/", setup.service, name="service"),
    path(
        "console/set-up/services/<uuid:service_id>/archive/",
        setup.archive_service,
        name="archive_service",
    ),
    path("console/set-up/staff/", setup.staff, name="staff"),
    path("console/set-up/staff/new/", setup.new_staff, name="new_staff"),
    path("console/set-up/staff/<uuid:resource_id>/", setup.staff_member, name="staff_member"),
    path(
        "console/set-up/staff/<uuid:resource_id>/retire/", setup.retire_staff, name="retire_staff"
    ),
    path("console/set-up/closures/", setup.closures, name="closures"),
    path("console/set-up/closures/new/", setup.new_closure, name="new_closure"),
    path(
        "console/set-up/closures/<uuid:closure_id>/lift/", setup.lift_closure, name="lift_closure"
    ),
    path("console/set-up/review-pages/", reputation.pages, name="review_pages"),
    path(
        "console/set-up/review-pages/<uuid:link_id>/remove/",
        reputation.remove_page,
        name="remove_review_page",
    ),
    path("console/set-up/policy/", setup.policy, name="policy"),
    path("console/set-up/keys/", setup.keys, name="keys"),
    path("console/set-up/keys/<uuid:key_id>/revoke/", setup.revoke_key, name="revoke_key"),
    path("console/set-up/members/", setup.members, name="members"),
    path("console/set-up/members/<int:member_id>/", setup.member, name="member"),
    path("console/set-up/webhooks/", webhooks.index, name="webhooks"),
    path("console/set-up/webhooks/new/", webhooks.new, name="new_webhook"),
    path("console/set-up/webhooks/<uuid:endpoint_id>/", webhooks.endpoint, name="webhook"),
    path(f"{WEBHOOK}/change/", webhooks.change, name="change_webhook"),
    path(f"{WEBHOOK}/test/", webhooks.test, name="test_webhook"),
    path(f"{WEBHOOK}/secret/", webhooks.rotate, name="rotate_webhook"),
    path(f"{WEBHOOK}/disable/", webhooks.disable, name="disable_webhook"),
    path(f"{WEBHOOK}/enable/", webhooks.enable, name="enable_webhook"),
    path(f"{WEBHOOK}/remove/", webhooks.remove, name="remove_webhook"),
    path(f"{WEBHOOK}/replay/", webhooks.replay_since, name="replay_webhook"),
    path(f"{WEBHOOK}/events/<uuid:event_id>/", webhooks.event, name="webhook_event"),
    path(f"{WEBHOOK}/events/<uuid:event_id>/replay/", webhooks.replay, name="replay_event"),
    path(f"{WEBHOOK}/events/<uuid:event_id>/skip/", webhooks.skip, name="skip_event"),
]
