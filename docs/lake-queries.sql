-- Four questions to the lake, for DuckDB, asked from the folder that holds it (DATA_DIR):
--     cd data && duckdb < ../docs/lake-queries.sql
-- Each query names the few fields that it reads: nothing is guessed from the first lines, and all days read alike.

-- 1. Calls and participant minutes per day
WITH calls AS (
    SELECT CAST("@timestamp" AS DATE) AS day, count(*) AS calls
    FROM read_ndjson('lake/conference/*/*/*.ndjson.zst', columns = {'@timestamp': 'TIMESTAMP'})
    GROUP BY day
), people AS (
    SELECT CAST(vconf.conference.start AS DATE) AS day, count(*) AS participants,
           round(sum(vconf.participant.duration_s) / 60, 1) AS participant_minutes
    FROM read_ndjson('lake/participant/*/*/*.ndjson.zst', columns = {
        vconf: 'STRUCT(conference STRUCT("start" TIMESTAMP), participant STRUCT(duration_s DOUBLE))'
    })
    GROUP BY day
)
SELECT day, calls, coalesce(participants, 0) AS participants, participant_minutes
FROM calls LEFT JOIN people USING (day)
ORDER BY day;

-- 2. Share of received samples with more than 5 % audio loss, by browser
SELECT coalesce(user_agent.name, 'unknown') AS browser,
       count(vconf.quality.audio.loss_pct) AS samples,
       round(100.0 * count(*) FILTER (vconf.quality.audio.loss_pct > 5) / count(vconf.quality.audio.loss_pct), 2)
           AS lossy_pct
FROM read_ndjson('lake/sample/*/*/*.ndjson.zst', columns = {
    user_agent: 'STRUCT("name" VARCHAR)',
    vconf: 'STRUCT(stream STRUCT(direction VARCHAR), quality STRUCT(audio STRUCT(loss_pct DOUBLE)))'
})
WHERE vconf.stream.direction = 'received' AND vconf.quality.audio.loss_pct IS NOT NULL
GROUP BY browser
ORDER BY lossy_pct DESC, browser;

-- 3. The ten worst received streams by mean audio loss, with their call
SELECT round(avg(vconf.quality.audio.loss_pct), 2) AS audio_loss_pct,
       count(vconf.quality.audio.loss_pct) AS samples,
       vconf.conference.start AS call_started,
       vconf.conference.parent_id AS session,
       vconf.stream.id AS stream
FROM read_ndjson('lake/sample/*/*/*.ndjson.zst', columns = {
    vconf: 'STRUCT(
        conference STRUCT("start" TIMESTAMP, parent_id VARCHAR),
        stream STRUCT(id VARCHAR, direction VARCHAR),
        quality STRUCT(audio STRUCT(loss_pct DOUBLE))
    )'
})
WHERE vconf.stream.direction = 'received' AND vconf.quality.audio.loss_pct IS NOT NULL
GROUP BY call_started, session, stream
ORDER BY audio_loss_pct DESC, stream
LIMIT 10;

-- 4. Share of received audio that was poor, by vendor and browser, and why
SELECT vconf.vendor AS vendor, coalesce(user_agent.name, 'none') AS browser, count(*) AS streams,
       round(100.0 * count(*) FILTER (vconf.quality.audio.label = 'poor') / count(*), 2) AS poor_pct,
       list_sort(list_distinct(flatten(
           list(vconf.quality.audio.poor_due_to) FILTER (vconf.quality.audio.label = 'poor')
       ))) AS why
FROM read_ndjson('lake/stream/*/*/*.ndjson.zst', columns = {
    user_agent: 'STRUCT("name" VARCHAR)',
    vconf: 'STRUCT(
        vendor VARCHAR, stream STRUCT(direction VARCHAR), quality STRUCT(audio STRUCT(label VARCHAR, poor_due_to VARCHAR[]))
    )'
})
WHERE vconf.stream.direction = 'received' AND vconf.quality.audio.label <> 'unknown'
GROUP BY ALL
ORDER BY poor_pct DESC, vendor, browser;
