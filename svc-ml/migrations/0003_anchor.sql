-- Whether an enrolment comes from a video that was judged live: the first of them is the anchor of the template.
ALTER TABLE enrolments ADD COLUMN live BIGINT NOT NULL DEFAULT 0;

-- Refusals of another person in the subject's name: how many since when (Unix ms), and until when templates are locked.
ALTER TABLE subjects ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subjects ADD COLUMN refused_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subjects ADD COLUMN locked_until BIGINT NOT NULL DEFAULT 0;
