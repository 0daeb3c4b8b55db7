#!/bin/sh
# One database and one role per room; a room never connects to another's database.
set -eu
for room in registry application batch verification card_matching publicity grievance payment supervision orchestrator exchange portal; do
    psql -v ON_ERROR_STOP=1 -U postgres -v room="$room" -v password="$ROOM_PASSWORD" <<'SQL'
CREATE ROLE :"room" LOGIN PASSWORD :'password';
CREATE DATABASE :"room" OWNER :"room";
REVOKE ALL ON DATABASE :"room" FROM PUBLIC;
SQL
done
