// Knative's own admission, as its webhook runs it, line by line: a write comes in as JSON, what Knative makes of it goes out.
// The generic steps (decode, default, decode again, validate) follow knative.dev/pkg/webhook/resourcesemantics.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	networking "knative.dev/networking/pkg/apis/networking/v1alpha1"
	networkconfig "knative.dev/networking/pkg/config"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/leaderelection"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/webhook/resourcesemantics"
	autoscaling "knative.dev/serving/pkg/apis/autoscaling/v1alpha1"
	"knative.dev/serving/pkg/apis/config"
	serving "knative.dev/serving/pkg/apis/serving/v1"
	servingbeta "knative.dev/serving/pkg/apis/serving/v1beta1"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	"knative.dev/serving/pkg/deployment"
	"knative.dev/serving/pkg/gc"
	observability "knative.dev/serving/pkg/observability/configmap"
	certconfig "knative.dev/serving/pkg/reconciler/certificate/config"
	domainconfig "knative.dev/serving/pkg/reconciler/route/config"
)

var kinds = map[string]func() resourcesemantics.GenericCRD{
	"Service":           func() resourcesemantics.GenericCRD { return &serving.Service{} },
	"Configuration":     func() resourcesemantics.GenericCRD { return &serving.Configuration{} },
	"Revision":          func() resourcesemantics.GenericCRD { return &serving.Revision{} },
	"Route":             func() resourcesemantics.GenericCRD { return &serving.Route{} },
	"DomainMapping":     func() resourcesemantics.GenericCRD { return &servingbeta.DomainMapping{} },
	"PodAutoscaler":     func() resourcesemantics.GenericCRD { return &autoscaling.PodAutoscaler{} },
	"Metric":            func() resourcesemantics.GenericCRD { return &autoscaling.Metric{} },
	"Ingress":           func() resourcesemantics.GenericCRD { return &networking.Ingress{} },
	"Certificate":       func() resourcesemantics.GenericCRD { return &networking.Certificate{} },
	"ServerlessService": func() resourcesemantics.GenericCRD { return &networking.ServerlessService{} },
}

// Which text this was built from; set by the build.
var source string

type write struct {
	Kind        string                       `json:"kind"`
	Object      json.RawMessage              `json:"object"`
	Before      json.RawMessage              `json:"before"`
	Subresource string                       `json:"subresource"`
	User        string                       `json:"user"`
	Config      map[string]map[string]string `json:"config"`
}

type verdict struct {
	Object   json.RawMessage `json:"object,omitempty"`
	Text     string          `json:"text"`
	Warnings []string        `json:"warnings"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var w write
		if err := json.Unmarshal(in.Bytes(), &w); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(judge(w)); err != nil {
			os.Exit(1)
		}
	}
}

func judge(w write) (v verdict) {
	v.Warnings = []string{}
	defer func() {
		if fault := recover(); fault != nil {
			v.Text = fmt.Sprintf("panic: %v", fault)
		}
	}()
	if w.Kind == "ConfigMap" {
		return judgeConfig(w)
	}
	ctx, err := withConfig(context.Background(), w.Config)
	if err != nil {
		return verdict{Text: "config: " + err.Error()}
	}
	user := &authenticationv1.UserInfo{Username: w.User}
	make := kinds[w.Kind]

	object, old := make(), resourcesemantics.GenericCRD(nil)
	if err := json.Unmarshal(w.Object, object); err != nil {
		return verdict{Text: fmt.Sprintf("mutation failed: cannot decode incoming new object: %v", err)}
	}
	if len(w.Before) > 0 {
		old = make()
		if err := json.Unmarshal(w.Before, old); err != nil {
			return verdict{Text: "before: " + err.Error()}
		}
	}
	defaulting := ctx
	if old != nil {
		base := old.DeepCopyObject().(resourcesemantics.GenericCRD)
		base.SetDefaults(ctx)
		defaulting = within(ctx, base, w.Subresource)
	} else {
		defaulting = apis.WithinCreate(ctx)
	}
	defaulting = apis.WithUserInfo(defaulting, user)
	object.SetDefaults(defaulting)
	v.Object, _ = json.Marshal(object)

	checked := make()
	if err := json.Unmarshal(v.Object, checked); err != nil {
		return verdict{Text: err.Error()}
	}
	validating := apis.WithinCreate(apis.WithUserInfo(ctx, user))
	if old != nil {
		validating = within(apis.WithUserInfo(ctx, user), old, w.Subresource)
	}
	if result := checked.Validate(validating); result != nil {
		if errors := result.Filter(apis.ErrorLevel); errors != nil {
			v.Text = errors.Error()
		}
		for _, warning := range result.Filter(apis.WarningLevel).WrappedErrors() {
			v.Warnings = append(v.Warnings, warning.Error())
		}
	}
	return v
}

func within(ctx context.Context, old interface{}, subresource string) context.Context {
	if subresource == "" {
		return apis.WithinUpdate(ctx, old)
	}
	return apis.WithinSubResourceUpdate(ctx, old, subresource)
}

func withConfig(ctx context.Context, maps map[string]map[string]string) (context.Context, error) {
	defaults, err := config.NewDefaultsConfigFromMap(orEmpty(maps["config-defaults"]))
	if err != nil {
		return ctx, err
	}
	features, err := config.NewFeaturesConfigFromMap(orEmpty(maps["config-features"]))
	if err != nil {
		return ctx, err
	}
	scaler, err := autoscalerconfig.NewConfigFromMap(orEmpty(maps["config-autoscaler"]))
	if err != nil {
		return ctx, err
	}
	return config.ToContext(ctx, &config.Config{Defaults: defaults, Features: features, Autoscaler: scaler}), nil
}

func orEmpty(data map[string]string) map[string]string {
	if data == nil {
		return map[string]string{}
	}
	return data
}

func judgeConfig(w write) verdict {
	var m corev1.ConfigMap
	if err := json.Unmarshal(w.Object, &m); err != nil {
		return verdict{Text: err.Error()}
	}
	var err error
	switch m.Name {
	case "config-autoscaler":
		_, err = autoscalerconfig.NewConfigFromConfigMap(&m)
	case "config-gc":
		_, err = gc.NewConfigFromConfigMapFunc(context.Background())(&m)
	case "config-network":
		_, err = networkconfig.NewConfigFromConfigMap(&m)
	case "config-deployment":
		_, err = deployment.NewConfigFromConfigMap(&m)
	case "config-features":
		_, err = config.NewFeaturesConfigFromConfigMap(&m)
	case "config-observability":
		_, err = observability.Parse(&m)
	case "config-logging":
		_, err = logging.NewConfigFromConfigMap(&m)
	case "config-leader-election":
		_, err = leaderelection.NewConfigFromConfigMap(&m)
	case "config-domain":
		_, err = domainconfig.NewDomainFromConfigMap(&m)
	case "config-defaults":
		_, err = config.NewDefaultsConfigFromConfigMap(&m)
	case "config-certmanager":
		_, err = certconfig.NewCertManagerConfigFromConfigMap(&m)
	}
	if err != nil {
		return verdict{Text: err.Error(), Warnings: []string{}}
	}
	return verdict{Warnings: []string{}}
}
