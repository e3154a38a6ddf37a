{{/* Names. A pod of the release `kolsai` is `kolsai-identity`. */}}
{{- define "kolsai.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* What the code says of its processes, and who calls whom. */}}
{{- define "kolsai.processes" -}}{{ .Files.Get "files/services.yaml" }}{{- end }}
{{- define "kolsai.edges" -}}{{ .Files.Get "files/edges.yaml" }}{{- end }}

{{/* Labels of everything that belongs to `component`. Call with (dict "root" $ "component" name). */}}
{{- define "kolsai.selector" -}}
app.kubernetes.io/name: kolsai
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}
{{- define "kolsai.labels" -}}
{{ include "kolsai.selector" . }}
app.kubernetes.io/part-of: kolsai
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* repository@digest, or repository:tag. Call with (dict "image" values "what" where). */}}
{{- define "kolsai.image" -}}
{{- $repository := required (printf "%s.repository: where the image is" .what) .image.repository -}}
{{- if .image.digest }}{{ printf "%s@%s" $repository .image.digest }}
{{- else }}{{ printf "%s:%s" $repository (required (printf "%s.digest: what was tested is what runs (or, in a cluster of your own, %s.tag)" .what .what) .image.tag) }}{{ end -}}
{{- end }}

{{/* Reasons for the checks that are not kept, read by checkov beside the object that they speak of. */}}
{{- define "kolsai.waived" -}}
checkov.io/skip1: CKV_K8S_35=Settings come from the environment, addresses with their passwords among them; the program never prints one, and nobody else runs in the pod
checkov.io/skip2: CKV_K8S_15=The image is named by its digest and cannot change; a pod must be able to start while the registry is away
{{- if not .digest }}
checkov.io/skip3: CKV_K8S_43=Only where the values name a tag, which a cluster of one's own may
{{- end }}
{{- end }}

{{/* Bound to nodes in Kazakhstan. */}}
{{- define "kolsai.affinity" -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - key: {{ .Values.location.nodeLabel }}
            operator: In
            values: {{ toJson .Values.location.regions }}
{{- end }}

{{- define "kolsai.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}
{{- define "kolsai.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* SIGTERM until SIGKILL: the sleep, the gateway's calls, the host's calls, workers, databases. */}}
{{- define "kolsai.grace" -}}
{{- $d := .Values.drain -}}
{{- add $d.preStopSeconds (mul 2 $d.callsSeconds) $d.workersSeconds $d.closeSeconds -}}
{{- end }}

{{/* One question to everything that listens in the pod; for the privacy process that is the keyring too. */}}
{{- define "kolsai.probe" -}}
exec:
  command: [kolsai, health, --{{ .kind }}]
{{- with .times }}
periodSeconds: {{ .periodSeconds }}
failureThreshold: {{ .failureThreshold }}
timeoutSeconds: {{ .timeoutSeconds }}
{{- end }}
{{- end }}
