{{/* Files of one process: certificates, authorities, keys, and two writable folders. All secrets are files that only its group reads. */}}
{{- define "kolsai.secretVolume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    {{- with .items }}
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
    {{- end }}
{{- end }}

{{/* Authorities of engines: (name, secret) of those that are used and have one. */}}
{{- define "kolsai.authorities" -}}
{{- $v := .root.Values -}}
{{- $found := dict -}}
{{- range $engine := list "database" "bus" "cache" "objects" -}}
{{- if has $engine $.uses -}}
{{- with (index $v $engine).authoritySecret }}{{ $_ := set $found $engine . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if or (has "ledger" $.uses) (has "backup" $.uses) }}{{ with $v.backup.authoritySecret }}{{ $_ := set $found "backup" . }}{{ end }}{{ end -}}
{{- if $.telemetry }}{{ with $v.telemetry.authoritySecret }}{{ $_ := set $found "telemetry" . }}{{ end }}{{ end -}}
{{ toYaml $found }}
{{- end }}

{{- define "kolsai.volumes.authorities" -}}
{{- range $engine, $secret := include "kolsai.authorities" . | fromYaml }}
{{ include "kolsai.secretVolume" (dict "name" (printf "%s-authority" $engine) "secret" $secret "items" (list "ca.crt")) }}
{{- end }}
{{- end }}
{{- define "kolsai.mounts.authorities" -}}
{{- range $engine, $secret := include "kolsai.authorities" . | fromYaml }}
- {name: {{ $engine }}-authority, mountPath: /etc/kolsai/{{ $engine }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "kolsai.volumes.writable" -}}
- {name: tmp, emptyDir: {sizeLimit: {{ .tmp }}}}
- {name: data, emptyDir: {sizeLimit: {{ .data }}}}
{{- end }}
{{- define "kolsai.mounts.writable" -}}
- {name: tmp, mountPath: /tmp}
- {name: data, mountPath: /var/lib/kolsai}
{{- end }}

{{/* Secrets with key files, by process. */}}
{{- define "kolsai.keys" -}}
{{- if eq .process "identity" }}{secret: {{ .root.Values.existingSecrets.identity }}, items: [signing.key]}
{{- else if eq .process "privacy" }}{secret: {{ .root.Values.existingSecrets.privacy }}, items: [receipts.key, {{ ternary "key-encryption.key" "key-service.token" (eq .root.Values.keyEncryption.key "file") }}]}
{{- else }}{}
{{- end }}
{{- end }}

{{- define "kolsai.volumes" -}}
{{- $root := .root }}
{{- range $service, $port := .is.hosts }}
{{ include "kolsai.secretVolume" (dict "name" (printf "peer-%s" $service) "secret" (printf "%s-%s-peer" (include "kolsai.name" $root) $service)) }}
{{- else }}
{{ include "kolsai.secretVolume" (dict "name" (printf "peer-%s" .process) "secret" (printf "%s-%s-peer" (include "kolsai.name" $root) .process)) }}
{{ include "kolsai.secretVolume" (dict "name" "public" "secret" (printf "%s-public" (include "kolsai.name" $root))) }}
{{- end }}
{{- include "kolsai.volumes.authorities" (dict "root" $root "uses" .is.uses "telemetry" true) }}
{{- with include "kolsai.keys" . | fromYaml }}
{{ include "kolsai.secretVolume" (dict "name" "keys" "secret" .secret "items" .items) }}
{{- end }}
{{ include "kolsai.volumes.writable" .folders }}
{{- end }}

{{- define "kolsai.mounts" -}}
{{- range $service, $port := .is.hosts }}
- {name: peer-{{ $service }}, mountPath: /etc/kolsai/peers/{{ $service }}, readOnly: true}
{{- else }}
- {name: peer-{{ .process }}, mountPath: /etc/kolsai/peers/{{ .process }}, readOnly: true}
- {name: public, mountPath: /etc/kolsai/public, readOnly: true}
{{- end }}
{{- include "kolsai.mounts.authorities" (dict "root" .root "uses" .is.uses "telemetry" true) }}
{{- if include "kolsai.keys" . | fromYaml }}
- {name: keys, mountPath: /etc/kolsai/keys, readOnly: true}
{{- end }}
{{ include "kolsai.mounts.writable" .folders }}
{{- end }}
