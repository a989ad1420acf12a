# One image for every role: the program is one file with the web UI inside. What changes seldom comes first, so that it is cached.

FROM node:20-bookworm-slim@sha256:2cf067cfed83d5ea958367df9f966191a942351a2df77d6f0193e162b5febfc0 AS web
WORKDIR /src/web
ENV NEXT_TELEMETRY_DISABLED=1
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --omit=dev
COPY web ./
RUN npm run build

FROM golang:1.26-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
# Without an argument the version is what git says of the checkout.
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /boxoffice \
    -ldflags "-s -w -X main.version=${VERSION:-$(git describe --tags --always 2>/dev/null || echo dev)}" ./cmd/boxoffice

FROM debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716
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
