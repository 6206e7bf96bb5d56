"""A customer's backend in Python. mypy shows that the answers are typed; that it passes, that the server answers as typed."""

import os
import unittest
from pathlib import Path

import httpx

from biometry_client import connect
from biometry_client.api.biometrics import process_video
from biometry_client.api.consent import record_authorization_consent, record_storage_consent
from biometry_client.api.sessions import end_session, start_session
from biometry_client.api.transactions import get_transaction, list_transactions
from biometry_client.connect import RetryTransport
from biometry_client.models import Decision, ErrorResponse, ProcessVideoForm
from biometry_client.types import File

BASE_URL = os.environ["BASE_URL"]
USER = "python@example.org"
client = connect(BASE_URL, os.environ["API_KEY"])


class Calls(unittest.TestCase):
    def test_1_a_session_starts_and_an_unknown_one_cannot_be_ended(self) -> None:
        started = start_session.sync(client=client)
        assert started is not None and not isinstance(started, ErrorResponse)
        self.assertTrue(started.data.startswith("sess_"))
        ended = end_session.sync("sess_00000000-0000-7000-8000-000000000000", client=client)
        assert isinstance(ended, ErrorResponse)
        self.assertNotEqual(ended.code, "")

    def test_2_consents_are_recorded(self) -> None:
        body = Decision(is_consent_given=True, user_fullname=USER)
        for record in (record_authorization_consent.sync, record_storage_consent.sync):
            recorded = record(client=client, body=body)
            assert recorded is not None and not isinstance(recorded, ErrorResponse)
            self.assertTrue(recorded.is_consent_given)

    def test_3_a_video_is_verified_and_its_record_is_read(self) -> None:
        with Path(os.environ["VIDEO"]).open("rb") as video:
            form = ProcessVideoForm(video=File(video, "video.mp4", "video/mp4"), phrase=os.environ["PHRASE"])
            answer = process_video.sync_detailed(client=client, body=form, x_user_fullname=USER)
        verified = answer.parsed
        assert verified is not None and not isinstance(verified, ErrorResponse), answer
        self.assertIn("Face Liveness Detection", verified.data.to_dict())
        record = get_transaction.sync(answer.headers["x-request-id"], client=client)
        assert record is not None and not isinstance(record, ErrorResponse)
        self.assertEqual(record.data.kind, "process_video")
        page = list_transactions.sync(client=client, limit=5)
        assert page is not None and not isinstance(page, ErrorResponse)
        self.assertIn(record.data.id, [transaction.id for transaction in page.data])

    def test_4_a_wrong_key_is_refused_with_a_typed_error(self) -> None:
        answer = list_transactions.sync_detailed(client=connect(BASE_URL, "nonsense"))
        self.assertEqual(answer.status_code, 401)
        assert isinstance(answer.parsed, ErrorResponse)

    def test_5_a_busy_server_is_asked_again_only_where_a_second_call_cannot_count_twice(self) -> None:
        for method, headers, attempts in (
            ("POST", {}, 1),
            ("POST", {"idempotency-key": "a"}, 3),
            ("GET", {}, 3),
        ):
            sent: list[httpx.Request] = []

            def answer_busy(request: httpx.Request, sent: list[httpx.Request] = sent) -> httpx.Response:
                sent.append(request)
                return httpx.Response(503, headers={"retry-after": "0"})

            transport = RetryTransport(httpx.MockTransport(answer_busy), max_attempts=3)
            with httpx.Client(transport=transport) as http:
                self.assertEqual(http.request(method, "http://server/", headers=headers).status_code, 503)
            self.assertEqual(len(sent), attempts, method)


if __name__ == "__main__":
    unittest.main()
