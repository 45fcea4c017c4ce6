-- Beside the English of what a person must decide, and of why an event waits: its text and values as JSON, so that each
-- reader gets it in a language of his own (ADR 26). '': stored before, or a program's own words.

-- == pipeline ========================================================== written by: server/pipeline
ALTER TABLE worklist ADD COLUMN worded TEXT NOT NULL DEFAULT '';
ALTER TABLE parked ADD COLUMN worded TEXT NOT NULL DEFAULT '';
