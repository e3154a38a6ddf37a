{{/* Rules of egress that several policies share. */}}
{{- define "kolsai.egress.dns" -}}
- to: {{- toYaml .Values.network.dns.to | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{/* An engine: (dict "root" $ "engine" "database"). An empty list of peers would mean everybody, and is refused. */}}
{{- define "kolsai.egress.engine" -}}
{{- $engine := index .root.Values .engine -}}
{{- if not $engine.to }}{{ fail (printf "%s.to: where it stands, as peers of a NetworkPolicy" .engine) }}{{ end -}}
- to: {{- toYaml $engine.to | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $engine.port }}}
{{- end }}

{{/* Pods of this release, by process. */}}
{{- define "kolsai.peers" -}}
{{- $root := .root -}}
{{- range .processes }}
- podSelector:
    matchLabels: {{- include "kolsai.selector" (dict "root" $root "component" .) | nindent 6 }}
{{- end }}
{{- end }}
