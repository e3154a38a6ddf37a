{{/* Settings, `KOLSAI__SECTION__KEY`. Passwords come first: an address takes them in by $(NAME). */}}

{{- define "kolsai.fromSecret" -}}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}

{{/* What every process is told. */}}
{{- define "kolsai.env.common" -}}
- {name: KOLSAI_MODE, value: production}
- {name: KOLSAI_DATA, value: /var/lib/kolsai/data}
- {name: KOLSAI_URL, value: {{ required "url: how people reach the school, https://…" .Values.url | quote }}}
{{- range list "DATABASE" "OBJECTS" "BACKUP" "LOG" "TRACE" }}
- {name: KOLSAI__STORAGE_LOCATION__{{ . }}, value: {{ $.Values.location.country }}}
{{- end }}
- {name: KOLSAI__TELEMETRY__LOG_FORMAT, value: json}
{{- with .Values.telemetry.logFilter }}
- {name: KOLSAI__TELEMETRY__LOG_FILTER, value: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* One database: (dict "root" $ "role" role "setting" setting "service" service). */}}
{{- define "kolsai.env.database" -}}
{{- $db := .root.Values.database -}}
{{- $variable := printf "DATABASE_PASSWORD_%s" (upper .role) -}}
{{ include "kolsai.fromSecret" (dict "name" $variable "secret" (index .root.Values.existingSecrets.database .role) "key" "password") }}
- name: {{ .setting }}
  value: postgres://kolsai_{{ .role }}:$({{ $variable }})@{{ required "database.host: PostgreSQL's name" $db.host }}:{{ $db.port }}{{ with .service }}/kolsai_{{ . }}{{ end }}?sslmode=verify-full&sslrootcert=/etc/kolsai/database/ca.crt
{{- end }}

{{/* An S3 place: (dict "setting" … "place" host/bucket "secret" … "prefix" "ledger-" "variable" "LEDGER" "region" … "authority" file). */}}
{{- define "kolsai.env.place" -}}
{{- $options := list -}}
{{- with .region }}{{ $options = append $options (printf "region=%s" .) }}{{ end -}}
{{- with .authority }}{{ $options = append $options (printf "authority=%s" (urlquery .)) }}{{ end -}}
{{ include "kolsai.fromSecret" (dict "name" (printf "%s_ACCESS_KEY" .variable) "secret" .secret "key" (printf "%saccess-key" .prefix)) }}
{{ include "kolsai.fromSecret" (dict "name" (printf "%s_SECRET_KEY" .variable) "secret" .secret "key" (printf "%ssecret-key" .prefix)) }}
- name: {{ .setting }}
  value: s3+https://$({{ .variable }}_ACCESS_KEY):$({{ .variable }}_SECRET_KEY)@{{ .place }}{{ with $options }}?{{ join "&" . }}{{ end }}
{{- end }}

{{- define "kolsai.env.objects" -}}
{{- $o := .root.Values.objects -}}
{{- $port := ternary "" (printf ":%v" $o.port) (eq (int $o.port) 443) -}}
{{ include "kolsai.env.place" (dict "setting" "KOLSAI__OBJECTS__ADDRESS" "variable" "OBJECTS" "secret" .secret "prefix" .prefix "region" $o.region "place" (printf "%s%s/%s" (required "objects.host: the S3 store's name" $o.host) $port (required "objects.bucket: where photographs are kept" $o.bucket))) }}
{{- if $o.authoritySecret }}
- {name: KOLSAI__OBJECTS__AUTHORITY, value: /etc/kolsai/objects/ca.crt}
{{- end }}
{{- with $o.publicAddress }}
- {name: KOLSAI__OBJECTS__PUBLIC_ADDRESS, value: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* Backups as privacy and the backup jobs know them: the places, and whom they are encrypted to. */}}
{{- define "kolsai.env.backup" -}}
{{- $b := .Values.backup -}}
{{- $secret := .Values.existingSecrets.backup -}}
{{- $authority := ternary "/etc/kolsai/backup/ca.crt" "" (not (empty $b.authoritySecret)) -}}
{{ include "kolsai.env.place" (dict "setting" "KOLSAI__BACKUP__ADDRESS" "variable" "BACKUP" "secret" $secret "prefix" "" "region" $b.region "authority" $authority "place" (required "backup.address: host/bucket of the data's backups" $b.address)) }}
{{ include "kolsai.env.place" (dict "setting" "KOLSAI__BACKUP__KEYRING_ADDRESS" "variable" "BACKUP_KEYRING" "secret" $secret "prefix" "keyring-" "region" $b.region "authority" $authority "place" (required "backup.keyringAddress: host/bucket of the keyring's backups, apart" $b.keyringAddress)) }}
{{ include "kolsai.env.ledger" (dict "root" . "secret" $secret "prefix" "ledger-") }}
- {name: KOLSAI__BACKUP__RECIPIENTS, value: {{ toJson $b.recipients | quote }}}
- {name: KOLSAI__BACKUP__KEYRING_RECIPIENTS, value: {{ toJson $b.keyringRecipients | quote }}}
- {name: KOLSAI__BACKUP__KEEP_DAYS, value: {{ $b.keepDays | quote }}}
- {name: KOLSAI__BACKUP__KEYRING_KEEP_DAYS, value: {{ $b.keyringKeepDays | quote }}}
{{- end }}

{{/* The ledger of erasures: (dict "root" $ "secret" … "prefix" …). */}}
{{- define "kolsai.env.ledger" -}}
{{- $b := .root.Values.backup -}}
{{- $authority := ternary "/etc/kolsai/backup/ca.crt" "" (not (empty $b.authoritySecret)) -}}
{{ include "kolsai.env.place" (dict "setting" "KOLSAI__BACKUP__LEDGER" "variable" "LEDGER" "secret" .secret "prefix" .prefix "region" $b.region "authority" $authority "place" (required "backup.ledger: host/bucket of the ledger of erasures, which no backup holds" $b.ledger)) }}
{{- end }}

{{/* Where mail would go, for whoever opens a way out and sends none: without the credentials. */}}
{{- define "kolsai.env.noMail" -}}
- {name: KOLSAI_MAIL, value: "smtps://{{ required "mail.host: the mail relay's name" .Values.mail.host }}:{{ .Values.mail.port }}"}
{{- end }}

{{/* Everything that one process is told: (dict "root" $ "process" name "is" its entry in files/services.yaml). */}}
{{- define "kolsai.env" -}}
{{- $v := .root.Values -}}
{{ include "kolsai.env.common" .root }}
- {name: KOLSAI__PEERS__CERTIFICATES, value: /etc/kolsai/peers}
- {name: KOLSAI__PEERS__TRUST_DOMAIN, value: {{ $v.certificates.trustDomain }}}
{{- range $service, $port := .is.hosts }}
- {name: KOLSAI__PEERS__LISTEN__{{ upper $service }}, value: "0.0.0.0:{{ $port }}"}
{{- end }}
{{- $here := .is.hosts }}
{{- $root := .root }}
{{- range $process, $is := include "kolsai.processes" .root | fromYaml }}
{{- range $service, $port := $is.hosts }}
{{- if not (hasKey $here $service) }}
- {name: KOLSAI__PEERS__ADDRESSES__{{ upper $service }}, value: "https://{{ include "kolsai.name" $root }}-{{ $service }}:{{ $port }}"}
{{- end }}
{{- end }}
{{- end }}
- {name: KOLSAI__TELEMETRY__METRICS_LISTEN, value: "0.0.0.0:{{ $v.metrics.port }}"}
{{- with $v.telemetry.otlpEndpoint }}
- {name: KOLSAI__TELEMETRY__OTLP_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- if $v.telemetry.authoritySecret }}
- {name: KOLSAI__TELEMETRY__OTLP_AUTHORITY, value: /etc/kolsai/telemetry/ca.crt}
{{- end }}
{{- if has "database" .is.uses }}
- {name: KOLSAI__DATABASE__MIGRATE, value: "false"}
{{- range $service, $port := .is.hosts }}
{{ include "kolsai.env.database" (dict "root" $root "role" $service "service" $service "setting" (printf "KOLSAI__DATABASE__ADDRESSES__%s" (upper $service))) }}
{{- end }}
{{- end }}
{{- if has "bus" .is.uses }}
{{ include "kolsai.fromSecret" (dict "name" "BUS_USER" "secret" (index $v.existingSecrets.bus .process) "key" "username") }}
{{ include "kolsai.fromSecret" (dict "name" "BUS_PASSWORD" "secret" (index $v.existingSecrets.bus .process) "key" "password") }}
- {name: KOLSAI__BUS__ADDRESS, value: "tls://$(BUS_USER):$(BUS_PASSWORD)@{{ required "bus.host: NATS's name" $v.bus.host }}:{{ $v.bus.port }}"}
- {name: KOLSAI__BUS__REPLICAS, value: {{ $v.bus.replicas | quote }}}
- {name: KOLSAI__BUS__MAX_MEGABYTES, value: {{ $v.bus.maxMegabytes | int | quote }}}
{{- if $v.bus.authoritySecret }}
- {name: KOLSAI__BUS__AUTHORITY, value: /etc/kolsai/bus/ca.crt}
{{- end }}
{{- end }}
{{- if has "cache" .is.uses }}
{{ include "kolsai.fromSecret" (dict "name" "CACHE_PASSWORD" "secret" $v.existingSecrets.cache "key" "password") }}
- {name: KOLSAI__CACHE__ADDRESS, value: "rediss://:$(CACHE_PASSWORD)@{{ required "cache.host: Valkey's name" $v.cache.host }}:{{ $v.cache.port }}"}
{{- if $v.cache.authoritySecret }}
- {name: KOLSAI__CACHE__AUTHORITY, value: /etc/kolsai/cache/ca.crt}
{{- end }}
{{- end }}
{{- if has "objects" .is.uses }}
{{ include "kolsai.env.objects" (dict "root" .root "secret" $v.existingSecrets.objects "prefix" "") }}
{{- end }}
{{- if has "ledger" .is.uses }}
{{ include "kolsai.env.ledger" (dict "root" .root "secret" $v.existingSecrets.ledger "prefix" "") }}
{{- end }}
{{- if has "backup" .is.uses }}
{{ include "kolsai.env.backup" .root }}
- {name: KOLSAI__BACKUP__CATALOGUE_KEY, value: {{ required "backup.catalogueKey: what `kolsai backup key` prints" $v.backup.catalogueKey | quote }}}
{{- end }}
{{- include (printf "kolsai.env.%s" .process) .root }}
{{- range $name, $value := (index $v.services .process).settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "kolsai.env.gateway" }}
- {name: KOLSAI_LISTEN, value: "0.0.0.0:8443"}
- {name: KOLSAI__GATEWAY__TLS__CERTIFICATE, value: /etc/kolsai/public/tls.crt}
- {name: KOLSAI__GATEWAY__TLS__KEY, value: /etc/kolsai/public/tls.key}
- {name: KOLSAI__GATEWAY__DRAIN_SECONDS, value: {{ .Values.drain.callsSeconds | quote }}}
{{- end }}

{{- define "kolsai.env.identity" }}
- {name: KOLSAI__IDENTITY__SIGNING_KEY_FILE, value: /etc/kolsai/keys/signing.key}
{{- end }}

{{- define "kolsai.env.learning" }}{{- end }}

{{- define "kolsai.env.payment" }}
{{ include "kolsai.env.noMail" . }}
- {name: KOLSAI__PAYMENT__SANDBOX, value: "false"}
- {name: KOLSAI__PAYMENT__PARTNER_ADDRESS, value: {{ required "payment.partnerAddress: the payment partner's API, https://…" .Values.payment.partnerAddress | quote }}}
- {name: KOLSAI__PAYMENT__MERCHANT, value: {{ required "payment.merchant: the school's name with the partner" .Values.payment.merchant | quote }}}
{{ include "kolsai.fromSecret" (dict "name" "KOLSAI__PAYMENT__MERCHANT_KEY" "secret" .Values.existingSecrets.payment "key" "merchant-key") }}
{{ include "kolsai.fromSecret" (dict "name" "KOLSAI__PAYMENT__NOTIFICATION_KEY" "secret" .Values.existingSecrets.payment "key" "notification-key") }}
{{- end }}

{{- define "kolsai.env.communication" }}
{{ include "kolsai.fromSecret" (dict "name" "MAIL_USER" "secret" .Values.existingSecrets.mail "key" "username") }}
{{ include "kolsai.fromSecret" (dict "name" "MAIL_PASSWORD" "secret" .Values.existingSecrets.mail "key" "password") }}
- {name: KOLSAI_MAIL, value: "smtps://$(MAIL_USER):$(MAIL_PASSWORD)@{{ required "mail.host: the mail relay's name" .Values.mail.host }}:{{ .Values.mail.port }}"}
- {name: KOLSAI__COMMUNICATION__SENDER, value: {{ required "mail.sender: Name <address>" .Values.mail.sender | quote }}}
{{- end }}

{{- define "kolsai.env.analytics" }}{{- end }}

{{- define "kolsai.env.privacy" }}
{{ include "kolsai.env.noMail" . }}
- {name: KOLSAI__PRIVACY__OPERATOR_NAME, value: {{ required "operator.name: the operator as the consent names it" .Values.operator.name | quote }}}
- {name: KOLSAI__PRIVACY__OPERATOR_BIN, value: {{ required "operator.bin: twelve digits" .Values.operator.bin | quote }}}
- {name: KOLSAI__PRIVACY__RECEIPT_KEY_FILE, value: /etc/kolsai/keys/receipts.key}
{{- if eq .Values.keyEncryption.key "file" }}
- {name: KOLSAI__PRIVACY__KEY_ENCRYPTION_KEY, value: "file:/etc/kolsai/keys/key-encryption.key"}
{{- else }}
- {name: KOLSAI__PRIVACY__KEY_ENCRYPTION_KEY, value: {{ .Values.keyEncryption.key | quote }}}
- {name: KOLSAI__PRIVACY__KEY_SERVICE_TOKEN_FILE, value: /etc/kolsai/keys/key-service.token}
{{- with .Values.keyEncryption.accessKey }}
- {name: KOLSAI__PRIVACY__KEY_SERVICE_ACCESS_KEY, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
