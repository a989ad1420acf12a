# One image for every role: the program is one file with the web UI inside. What changes seldom comes first, so that it is cached.

FROM node:20-bookworm-slim AS web
WORKDIR /src/web
ENV NEXT_TELEMETRY_DISABLED=1
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev
COPY web ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
# Without an argument the version is what git says of the checkout.
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /boxoffice \
    -ldflags "-s -w -X main.version=${VERSION:-$(git describe --tags --always 2>/dev/null || echo dev)}" ./cmd/boxoffice

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin boxoffice \
    && install --directory --owner=10001 --group=10001 /secrets # a volume that is mounted here belongs to the program
COPY --from=build /boxoffice /usr/local/bin/boxoffice
# By number, so that orchestrators can tell that it is not root.
USER 10001:10001
# Nothing is kept in the container: the database is elsewhere, and its root may be read-only.
ENV DATA_DIR=/nonexistent
EXPOSE 3000 3001
ENTRYPOINT ["boxoffice"]
CMD ["serve"]
