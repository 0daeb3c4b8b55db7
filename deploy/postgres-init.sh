#!/bin/sh
# One database and one role per room, and its desk, as which routes act for persons (kit/rows.py);
# a room never connects to another's database.
set -eu
for room in registry application batch verification card_matching publicity grievance payment supervision orchestrator exchange portal; do
    psql -v ON_ERROR_STOP=1 -U postgres -v room="$room" -v desk="${room}_desk" -v password="$ROOM_PASSWORD" <<'SQL'
CREATE ROLE :"room" LOGIN PASSWORD :'password';
CREATE ROLE :"desk" NOLOGIN;
GRANT :"desk" TO :"room";
CREATE DATABASE :"room" OWNER :"room";
REVOKE ALL ON DATABASE :"room" FROM PUBLIC;
SQL
done
