# One image for every process of the service; docker-compose.yml gives each its command.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# A number, not a name, so that an orchestrator can see that it is not root.
RUN groupadd --gid 10001 reminders \
    && useradd --uid 10001 --gid reminders --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin reminders \
    && install --directory --owner=reminders --group=reminders --mode=0700 /data

WORKDIR /app

# The pins come first: a change of our code alone then installs nothing anew.
COPY requirements.txt .
RUN pip install --require-hashes --no-deps --no-cache-dir --disable-pip-version-check --requirement requirements.txt

COPY LICENSE pyproject.toml ./
COPY migrations migrations
COPY workers workers
COPY reminders reminders
# The root file system is read-only at run time, so this is the one chance to compile.
RUN python -m compileall -q reminders workers migrations

USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["python", "-m", "reminders"]
CMD ["--help"]
